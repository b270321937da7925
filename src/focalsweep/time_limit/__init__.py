"""What fits into a time: a sweep that gives up what it must before it trains, and keeps to it."""
