"""How rows change: frames in, frames out; no clock, no settings, no lake."""
