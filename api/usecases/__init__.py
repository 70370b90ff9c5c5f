"""What can be asked of the platform and done with it, whoever asks and by which way.

Routes and the page both call these: a typed question of a caller, a typed answer. Nothing here
knows HTTP, JSON or HTML.
"""
