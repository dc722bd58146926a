"""An independent oracle: SPECIFICATION.md in plain, slow Python, sharing no code with the project.

`oracle.expected(raw, as_of)` says what a run must come to; `mess` writes RAW zones to try it on; `compare`
holds a finished lake against it; `python -m tests.oracle.differential --seed 7 --rounds 3` does all three.
`dialects.dialect_case(seed)` is one small text in a random dialect with its source and the oracle's answer;
`python -m tests.oracle.warm --dialects 200 --rounds 10` runs 2,000 of them through the project.

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
- A record is the header again when each of its fields, normalised by 4.1, is the header's name at that place.
  Without a header (`columnNames` alone, the contract's order) there is none. S
- A line of blanks: Unicode blanks, after a U+FEFF too; a delimiter that holds blanks alone: M
- The test for CR is made on the whole text, preamble and footer included, with the delimiter in question. S;
  a preamble with a quote that opens a field and is not closed: M
- Several U+FEFF before a record are all left out. S
- `raw` may or may not hold the U+FEFF before a record; comparisons ignore it. S
- The first record of a file with a header is no row, even if its quoting is broken. M
- With `columnNames` and no `delimiter`, the expected number of fields is that of `columnNames`. M
- `columnNames` without a name for a required column: `content_mismatch`, as a header without one. M
- Names that `header: true` replaces are not searched for line separators. M
- A header's line separators: only in a header, not in Parquet or JSON names. M
- Physical lines: as many as line ends, and what follows the last one. S
- What `skipLines` leaves of a text decides whether it begins with `{` or `[`. M
- `skipLines` and `footerLines` do not touch JSON. Nothing left: `content_mismatch`, with `columnNames` 0
  rows. M
- A doubled quote is one quote beside an `escape` too. S
- Concatenated JSON: a second object is looked for among the pieces as they are cut, never within a broken
  one. M
- A broken object is one record, what stands before or behind it and is no object another. S
- The bracket that balances is a `}`: square brackets are not counted. M. Blanks between: Unicode blanks. M
- `recordPath` holds for every text but .csv and .tsv; a text that is no one object: `content_mismatch`. S
  (JSON lines, arrays), M (text that breaks off)
- Files without rows: those without records; records that `where` excludes are records. S
- Accepted before, same content: form, encoding, cut and names hold, also against a changed source; what a
  source says of columns and values is the new one's. M
- `raw` has no final line break; an unclosed quote's raw reaches to the end of the file. Comparisons ignore
  it. S

Sources
- `fillDown`: the value of the record before is the filled one, also of a record that `where` excludes. S. A
  cell of blanks, a JSON key that is missing: M
- An empty cell is one of no characters; blanks alone are text to an expression. M (blanks)
- `where` sees source columns alone; `number()` and `moment()` in it: M
- A name that is also a call in SQL (`Col (1)`), before its source's first accepted file: M
- Names in `columns` are matched to stripped names in their own case; other cases: M
- `moment(x, pattern)` tries the pattern, then 4.2. M. `number(x)` keeps no currency for `currency_mixed`. M
- `nullWords` hold in `_extra` too; not for typed values. S
- `decimalMark: ","` swaps comma and point in every form; blanks, apostrophes and India's way beside it: M
- `currency` is a literal where it is an upper-case code and no source column is called so. S. Its column
  stays in the record. S. `$` beside `minorUnits`: an unknown code, uncastable. M. Codes in any case. S
- Minor units are divided before the column's range and rounding are looked at. M
- `source_column_missing` is judged for sources that have a valid file; `currency` is not among the names. M
- An expression counts as a source of a required column, whatever it uses. S
- A source glob: `?` and `[` are themselves; `**/x` needs a folder. M

Names
- camelCase splits before an upper-case letter that follows a lower-case letter or a digit, and before the
  last capital of a run (`HTTPServer`: http_server). M (digits, runs)
- A letter is category L*, a digit Nd; marks are neither, names are not NFC-normalised. M
- A name that normalises to nothing is unknown, under the key "". M
- A source column whose name belongs to a listed contract column, but is not its source, goes to `_extra`. M

Values
- String cleaning is (for keys: Cf), NFC, controls, surrogates, trim, in that order; every type is cleaned
  first. M
- U+200B, U+2060 and U+FEFF are trimmed, but are no blanks elsewhere (not White_Space). S
- Infinity in text of a number column: [+-] nan, inf or infinity, any case, is null. S. In a timestamp:
  uncastable. M
- A blank beside a currency is one of those that group. S (U+0020), M (others). Historic ISO 4217 codes are
  unknown. M
- Grouping by blanks uses one and the same blank. M
- Grouping and exponent may meet (`1,234e2`). M. Half up rounds away from zero. S
- Doubles that underflow are 0. S. `-0` is 0 by value. M
- AM and PM may follow an ISO date with a blank (`2024-01-02 3:04 PM`: a date in dashes), not one with `T`
  (M); the hour has one digit or two. S. The blank before them: U+0020 or U+202F; others: M
- Dashes with the year first are ISO 8601 alone: `2024-1-2` is uncastable under every order. S
- The ISO `Z` takes no blank before it. S. `yyyyMMddTHHmmss` takes only `Z`. S
- `dd`, `HH`: two digits; `d`: one or two. S (`1-January-2024`). `2-Jan-2024`: uncastable. M
- RFC 2822 needs a zone: +hhmm, GMT or UT. S (+hhmm alone). Year 0000 is uncastable. M
- Mixed separators (`1/2.2024`) are uncastable. S
- `country` is upper-cased when its two characters are letters of any script. M
- Typed timestamps as text: `2024-01-02T03:04:05.000006Z`. S (in `_extra` and string columns of Parquet)
- Parquet decimals as text keep their scale (`12.50`). S. Binary that is no UTF-8: U+FFFD. M
- A nested value's text is cleaned as a whole, its inner escapes stay; nested NaN is null. S (NFC), M (others)
- Nested Parquet keeps null fields. M

Rows
- A JSON object alone in a file: its raw is the file's text without outer blanks. Comparisons re-spell JSON. S
- `<column>_too_long` looks at the cleaned value. S
- `<key>_mangled`: a digit, a fraction or none, `E+` and digits; `="` and `"` around something; a first `'`.
  S (as the page writes them), M (others)
- `rows_conflicting` compares cleaned values and `_extra`; `1.0` and `1.00` are equal. M
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
