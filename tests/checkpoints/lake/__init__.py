"""What the lake promises."""
