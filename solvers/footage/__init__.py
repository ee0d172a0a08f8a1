"""Videos and still pictures that come in, where their shots are cut, and films that go out."""
