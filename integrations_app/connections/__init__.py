"""connections: an organisation's links to vendor accounts, their sealed credentials and OAuth."""
