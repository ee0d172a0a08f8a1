"""Several people in one video: who is there, who of them is the performer, and how two of them share a room."""
