"""One file for each noun of the API. A function is one call: it takes the call and the ids of its address."""
