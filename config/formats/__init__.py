"""How Django itself writes days and instants on the staff pages: as core.backoffice.moment does."""
