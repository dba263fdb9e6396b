# Lines of text as C string literals.
s/\\/\\\\/g
s/"/\\"/g
s/^/"/
s/$/\\n"/
