package postgres

import "encoding/binary"

// A wire collects messages to the server. The formats are those of the manual, "Message
// Formats" (https://www.postgresql.org/docs/current/protocol-message-formats.html).
// Texts must not hold NUL bytes: they would end early and what follows would be read as
// something else.
type wire struct {
	buf   []byte
	start int // of the message being written
}

func (w *wire) begin(kind byte) {
	w.buf = append(w.buf, kind, 0, 0, 0, 0)
	w.start = len(w.buf) - 4
}

func (w *wire) end() {
	binary.BigEndian.PutUint32(w.buf[w.start:], uint32(len(w.buf)-w.start))
}

func (w *wire) text(s string) { w.buf = append(append(w.buf, s...), 0) }

func (w *wire) int16(v int) { w.buf = binary.BigEndian.AppendUint16(w.buf, uint16(v)) }

func (w *wire) int32(v int) { w.buf = binary.BigEndian.AppendUint32(w.buf, uint32(v)) }

func (w *wire) parse(name, sql string, types []uint32) {
	w.begin('P')
	w.text(name)
	w.text(sql)
	w.int16(len(types))
	for _, t := range types {
		w.int32(int(t))
	}
	w.end()
}

// describeStatement asks for parameter and result types.
func (w *wire) describeStatement(name string) {
	w.begin('D')
	w.buf = append(w.buf, 'S')
	w.text(name)
	w.end()
}

// describePortal asks for the result that the bound statement is going to give.
func (w *wire) describePortal() {
	w.begin('D')
	w.buf = append(w.buf, 'P', 0)
	w.end()
}

func (w *wire) execute(portal string) {
	w.begin('E')
	w.text(portal)
	w.int32(0) // all rows
	w.end()
}

func (w *wire) closeStatement(name string) {
	w.begin('C')
	w.buf = append(w.buf, 'S')
	w.text(name)
	w.end()
}

func (w *wire) sync() {
	w.begin('S')
	w.end()
}
