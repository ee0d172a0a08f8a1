"""What buttons, menus and keys call: each operator makes one call, and tells the artist what came of it."""
