"""How far the whole run is and how long it will still take; what jobs are expected to take comes from earlier runs."""
