"""Passes: functions from a list of launches to a list that gives the same bits."""
