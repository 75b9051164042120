package sqlite

import "encoding/hex"

const uuidLength = 36

// appendUUID appends the canonical text of a UUID.
func appendUUID(b []byte, u [16]byte) []byte {
	for i, part := range [...][]byte{u[0:4], u[4:6], u[6:8], u[8:10], u[10:16]} {
		if i > 0 {
			b = append(b, '-')
		}
		b = hex.AppendEncode(b, part)
	}
	return b
}

// parseUUID reads 36 characters with dashes, or 32 without.
func parseUUID(b []byte) (u [16]byte, ok bool) {
	var plain [32]byte
	switch len(b) {
	case uuidLength:
		if b[8] != '-' || b[13] != '-' || b[18] != '-' || b[23] != '-' {
			return u, false
		}
		n := copy(plain[:], b[:8])
		n += copy(plain[n:], b[9:13])
		n += copy(plain[n:], b[14:18])
		n += copy(plain[n:], b[19:23])
		copy(plain[n:], b[24:])
	case len(plain):
		copy(plain[:], b)
	default:
		return u, false
	}
	_, err := hex.Decode(u[:], plain[:])
	return u, err == nil
}
