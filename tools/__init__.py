"""Tools of the developers: generated documents, the wheel's trial, recorded histories."""
