package driver

// unknownWeight stands for an array of a type that is rare.
const unknownWeight = 64<<10 + 1

// Weight estimates the size of a flight's arguments in bytes.
func (f *Flight) Weight() (bytes int) {
	for i := range f.Statements {
		for _, v := range f.Statements[i].Args {
			switch v.Kind() {
			case KindText, KindBytes, KindJSON:
				bytes += len(v.Bytes())
			case KindArray:
				bytes += arrayWeight(v)
			default:
				bytes += 8
			}
		}
	}
	return bytes
}

func arrayWeight(v Value) (bytes int) {
	switch a := v.Array().(type) {
	case []int64:
		return 8 * len(a)
	case [][16]byte:
		return 16 * len(a)
	case []string:
		for _, s := range a {
			bytes += len(s)
		}
		return bytes
	case [][]byte:
		for _, b := range a {
			bytes += len(b)
		}
		return bytes
	}
	return unknownWeight
}
