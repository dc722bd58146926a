"""What AWS must hold before a lake can run there: planned as differences, shown, then made so."""
