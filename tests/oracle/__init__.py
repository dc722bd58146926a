"""An independent oracle: spec.md in plain, slow Python, sharing no code with the project.

`oracle.expected(raw, as_of)` says what a run must come to; `mess` writes RAW zones to try it on; `compare`
holds a finished lake against it; `python -m tests.oracle.differential --seed 7 --rounds 3` does all three.

Where the spec leaves room, the oracle reads it so (M: the mess leaves the spot out; S: the mess steps on it):

Files
- `begins with` is judged after a BOM and Unicode blanks. S
- `empty` outranks what bytes say: a file of no bytes or ASCII blanks alone is `empty`, also as .parquet or
  .gz. S (.gz that is no gzip of blanks: M)
- Magic bytes are the first bytes, also when the rest of a .gz is broken. M. `PAR1` at the start suffices. M
- Bytes after the last gzip member: zeros are padding, others `corrupt_gzip`. M
- A line `begins, in column 1, an object that parses` when it starts with `{` and the whole line is that
  object. M
- A `.json` that begins with `[` is an array or `corrupt_json`, never JSON lines. S
- The tokens NaN, Infinity and -Infinity parse as JSON; no other extension does. S
- Names without letters or digits (an empty header cell) count among a header's names. M
- A header's `names that map` counts two names of one column twice. S
- A first record that is malformed (broken quoting) still decides delimiter and header by its fields. M
- Text after a closing quote: any character but delimiter and line end, a blank too. M (blanks)
- A record equals the header when its parsed fields are equal, untrimmed. S
- A line of blanks: Unicode blanks. Lone CR ends no line. S / M
- `raw` has no final line break; an unclosed quote's raw reaches to the end of the file. Comparisons ignore
  it. S
- A source glob: `?` and `[` are themselves; `**/x` needs a folder. M

Names
- camelCase splits before an upper-case letter that follows a lower-case letter or a digit, and before the
  last capital of a run (`HTTPServer`: http_server). M (digits, runs)
- A letter is category L*, a digit Nd; marks are neither, names are not NFC-normalised. M
- A name that normalises to nothing is unknown, under the key "". M
- A source column whose name belongs to a listed contract column, but is not its source, goes to `_extra`. M

Values
- String cleaning is NFC, then controls, then surrogates, then trim, in that order; every type is cleaned
  first. M
- U+200B and U+FEFF are no blanks (not White_Space). M
- Infinity in text of a number column: [+-] nan, inf or infinity, any case, is null. S. In a timestamp:
  uncastable. M
- A blank beside a currency is U+0020; historic ISO 4217 codes are unknown. M
- Grouping and exponent may meet (`1,234e2`). M. Half up rounds away from zero. S
- Doubles that underflow are 0. S. `-0` is 0 by value. M
- The ISO `Z` takes no blank before it. S. `yyyyMMddTHHmmss` takes only `Z`. S
- `dd`, `HH`: two digits; `d`: one or two. S (`1-January-2024`, `1/2/2024 8:26`). `2-Jan-2024`: uncastable. M
- RFC 2822 needs a zone: +hhmm, GMT or UT. S (+hhmm alone). Year 0000 is uncastable. M
- Mixed separators (`1/2.2024`) are uncastable. S
- `country` is upper-cased when its two characters are letters of any script. M
- Typed timestamps as text: `2024-01-02T03:04:05.000006Z`. S (in `_extra` and string columns of Parquet)
- Parquet decimals as text keep their scale (`12.50`). S. Binary that is no UTF-8: U+FFFD. M
- A nested value's text is cleaned as a whole, its inner escapes stay; nested NaN is null. S (NFC), M (others)
- Nested Parquet keeps null fields. M

Rows
- A JSON object alone in a file: its raw is the file's text without outer blanks. Comparisons re-spell JSON. S
- A row's error rules are all judged, `delivery_before_creation` also beside an impossible date. S
- `_extra` in the tie rule compares as compact JSON text with UTF-8 unescaped. S
- Users: the tie rule is source file key, then content in contract order with updated_at, then `_extra`. S
- A null updated_at is one instant, the first; its version is valid from 1900-01-01. S
- `quarantine_ratio` breaks above 0.25, not at it; with no rows read only `strict_fail` breaks. S
- A block keeps the numbers of promotion out of the comparison. S
- `currency_mixed` looks at the currency of the value that won, before deduplication; `$` and `USD` are two. S
- `unknown_users` warns fact_events and fact_transactions, above 0.05 of that fact's own rows. S
- dim_users has city before phone, silver users phone before city: each as its own table says. S
"""
