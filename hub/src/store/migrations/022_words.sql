-- Version 22: which of an eye's words is the newest.

-- The number of a word by its eye's own count, so that an older one is known to be one; none from an
-- eye that counts none, and of words of before.
ALTER TABLE commission_words ADD COLUMN number INTEGER;
