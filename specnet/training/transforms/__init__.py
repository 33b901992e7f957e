"""What happens to images before the network sees them: random changes and normalisation."""
