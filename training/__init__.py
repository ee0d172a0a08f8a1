"""How the shipped weights were made; not needed to run Understudy."""
