"""The truth table: all cases, entered by the modules that are imported here."""

import truth_arguments
import truth_effects
import truth_equal
import truth_errors
import truth_functions
import truth_modules
import truth_names
import truth_nested
import truth_places
import truth_plain
import truth_rebound
import truth_results
import truth_small
import truth_tensors
import truth_training
from truth_world import CASES, PLAIN

ENTERED = (
    truth_arguments,
    truth_effects,
    truth_equal,
    truth_errors,
    truth_functions,
    truth_modules,
    truth_names,
    truth_nested,
    truth_places,
    truth_plain,
    truth_rebound,
    truth_results,
    truth_small,
    truth_tensors,
    truth_training,
)
__all__ = ["CASES", "ENTERED", "PLAIN"]
