package postgres

import (
	"fmt"
	"math"
	"strings"

	"github.com/spillwaydb/spillway/internal/driver"
)

// plan decides where the Syncs stand and how each statement goes out; plain sends all of
// them as if they were new.
func (c *Conn) plan(units []unit, plain bool) {
	open := c.tx != 'I'
	begin := -1 // the unit that began the open transaction; -1 if it was open before
	groups := 0
	for i := range units {
		u := &units[i]
		class := u.st.Class
		u.sync, u.alone, u.group, u.lasting = i == len(units)-1, false, 0, class == driver.Raw // which may say COMMIT
		switch {
		case !open && class == driver.Begin:
			open, begin = true, i
		case !open:
			groups++
			u.alone, u.group, u.lasting, u.sync = true, groups, true, true
		case class == driver.Savepoint:
			barrier(units, i)
		case class == driver.Commit || class == driver.Rollback:
			// Without a Sync of its own a commit behind an error is skipped, which is
			// mended afterwards if nothing follows it.
			if class == driver.Rollback || !u.sync {
				barrier(units, i)
			}
			if begin >= 0 {
				groups++
			}
			for j := max(begin, 0); j <= i; j++ {
				if begin >= 0 {
					units[j].group = groups
				}
				units[j].lasting = units[j].lasting || class == driver.Commit
			}
			u.sync, open, begin = true, false, -1
		}
	}
	for i := range units {
		if i == 0 || units[i-1].sync {
			c.segment++
		}
		c.choose(&units[i], plain)
	}
}

// barrier puts a Sync before unit i, so that it is carried out also behind an error.
func barrier(units []unit, i int) {
	if i > 0 {
		units[i-1].sync = true
	}
}

// choose decides what is sent for a unit.
func (c *Conn) choose(u *unit, plain bool) {
	u.answer = answer{}
	u.mode, u.p, u.desc = unnamed, nil, nil
	switch {
	case strings.IndexByte(u.st.SQL, 0) >= 0:
		u.refuse(driver.ErrSyntax, "the statement holds a NUL byte")
		return
	case u.st.Class == driver.Raw && isCopy(u.st.SQL):
		u.refuse(driver.ErrSyntax, "COPY can not be sent among other statements")
		return
	case len(u.st.Args) > math.MaxUint16:
		u.refuse(driver.ErrValue, fmt.Sprintf("%d parameters, the protocol takes %d", len(u.st.Args), math.MaxUint16))
		return
	case plain || u.st.Class == driver.Schema:
		return
	}
	if p := c.cache.get(u.st.SQL); p != nil {
		u.desc = p.desc
		if p.ready || p.segment == c.segment || u.alone {
			u.mode, u.p = bindNamed, p
		} else {
			// Its Parse stands before a Sync in this flight, so an error may skip it and
			// leave this statement, and then the transaction, without it.
			u.mode = described
		}
		return
	}
	if u.desc = c.connector.descriptions.get(u.st.SQL); u.desc == nil {
		return
	}
	if c.connector.pooler.present {
		// The next transaction may run on another of the server's connections, where
		// the name is not known or means something else.
		u.mode = described
		return
	}
	u.mode = parseNamed
	u.p = &prepared{
		sql: u.st.SQL, desc: u.desc, segment: c.segment,
		name: fmt.Sprintf("spillway_%d", c.connector.names.Add(1)),
	}
	if out := c.cache.add(u.p); out != nil {
		c.closes = append(c.closes, out.name)
	}
}

// refuse keeps a statement from being sent.
func (u *unit) refuse(kind driver.Kind, why string) {
	u.mode, u.refused = refused, &driver.Error{Kind: kind, Message: why}
}

// isCopy tells whether a statement is COPY, behind white space and comments.
func isCopy(sql string) bool {
	for {
		sql = strings.TrimLeft(sql, " \t\r\n\f\v;")
		switch {
		case strings.HasPrefix(sql, "--"):
			_, sql, _ = strings.Cut(sql, "\n")
		case strings.HasPrefix(sql, "/*"):
			sql = afterComment(sql)
		default:
			return len(sql) > 4 && strings.EqualFold(sql[:4], "copy") && !isWord(sql[4])
		}
	}
}

// afterComment returns what follows a comment; comments nest.
func afterComment(sql string) string {
	depth := 0
	for i := 0; i+1 < len(sql); i++ {
		switch sql[i : i+2] {
		case "/*":
			depth++
			i++
		case "*/":
			depth--
			i++
			if depth == 0 {
				return sql[i+1:]
			}
		}
	}
	return ""
}

func isWord(b byte) bool {
	return b == '_' || b == '$' || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= 0x80
}

// noPortal is the name of a portal that never exists.
const noPortal = "spillway refused this"

// encode writes the messages of all units, and sends what it has when that is much.
func (c *Conn) encode(units []unit, out *outbox) {
	w := &c.wire
	w.buf = w.buf[:0]
	for _, name := range c.closes {
		w.closeStatement(name)
	}
	c.closes = c.closes[:0]
	for i := range units {
		u := &units[i]
		if u.mode != refused {
			c.encodeUnit(u)
		}
		if u.refused != nil {
			w.execute(noPortal)
		}
		if u.sync {
			w.sync()
		}
		out.forward()
	}
}

func (c *Conn) encodeUnit(u *unit) {
	w := &c.wire
	name := ""
	var params []uint32
	var cols *columns
	if u.p != nil {
		name = u.p.name
	}
	if u.desc != nil {
		params, cols = u.desc.params, u.desc.cols
	}
	if u.mode != bindNamed {
		w.parse(name, u.st.SQL, params)
	}
	if u.mode == unnamed {
		w.describeStatement("")
	}
	if err := w.bind(name, u.st.Args, params, cols); err != nil {
		// The types may have changed since they were learned: let the server judge.
		u.misfit = err
		w.parse("", u.st.SQL, nil)
		w.describeStatement("")
		if err := w.bind("", u.st.Args, nil, nil); err != nil {
			u.refused = err
			return
		}
		w.execute("")
		return
	}
	// What is described again can not be read as what it no longer is. A statement of the
	// query builder has no need of it once it is prepared, since the server refuses a
	// plan whose result has changed; it does not for a FETCH and its like.
	if u.mode == described || u.mode == parseNamed || u.mode == bindNamed && u.st.Class == driver.Raw {
		w.describePortal()
	}
	w.execute("")
}
