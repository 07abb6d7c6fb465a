"""海关跨境电商进口报文 CEB import messages, 202205 edition: one field catalogue; from it schema, readers, writers.

`read.Reader` is the reference, `recognise.Recogniser` the fast way for messages in plain form, `fast` the same compiled
where it can be built; `write` is the way out. The catalogue is `catalogue.csv` and `messages.csv`;
`docs/reference/messages.md` is rendered from it.
"""
