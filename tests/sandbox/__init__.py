"""Tests of the simulated platforms: the framework they stand on, and each against what its vendor documents."""
