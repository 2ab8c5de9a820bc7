"""Tests of what is remembered: real database files, real processes where processes matter."""
