"""The vocabulary of energy metering and its laws. Imports nothing of the rest."""
