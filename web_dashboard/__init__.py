"""The dashboard's files; `hub.doors.dashboard` serves them."""
