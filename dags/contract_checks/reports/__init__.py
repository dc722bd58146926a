"""Reports of contract checks: Markdown, JUnit XML, SARIF and GitHub annotations."""
