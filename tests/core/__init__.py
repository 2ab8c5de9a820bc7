"""Tests of the words and rules: laws as properties, answers known from elsewhere. They need no file and no socket."""
