"""What the engine raises besides python-socketio's own exceptions."""


class BusUnavailable(ConnectionError):
    """What the nodes share did not answer in time; whether it did what it was asked is not known."""
