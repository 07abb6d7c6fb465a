"""The second account: clearing, written from the contract and the law alone, slow and obvious; see README.md."""
