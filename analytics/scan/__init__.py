"""Where the hours of a meter left what they should have been: shapes, their noise, segments."""
