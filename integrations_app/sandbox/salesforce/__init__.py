"""The emulated Salesforce: sign-in, the REST data API, and pages to look into it."""
