"""Where evidence goes: one file a sink, and the outbox for what could not be sent."""
