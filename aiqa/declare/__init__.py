"""What people write: frozen values, standard library only, that touch no data."""
