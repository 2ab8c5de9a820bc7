"""Tests of the steps: real state, warehouse and sealing against the sandbox; the fixtures are in conftest.py."""
