"""The rows behind each measurement: its tags, its fields and what of them a key may see."""
