"""Corrections of rejected rows: selected, edited in a sheet, judged, and recorded."""
