"""Benchmarks in the form of airspeed velocity."""
