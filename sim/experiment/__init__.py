"""What is done to which tissue: scenarios, places, interventions, changes."""
