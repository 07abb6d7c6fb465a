"""海关跨境电商报文 CEB messages of import and export, 202205: one field catalogue; from it schemas, readers, writers.

`read.Reader` is the reference, `recognise.Recogniser` the fast way for messages in plain form, `fast` the same compiled
where it can be built; `write` is the way out. The catalogue is `catalogue.csv` and `messages.csv`;
`docs/reference/messages.md` is rendered from it.
"""
