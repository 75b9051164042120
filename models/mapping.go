package models

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/driver"
	"github.com/spillwaydb/spillway/internal/schema"
)

var modelType = reflect.TypeFor[Model]()

// mapping compiles a struct to a table.
type mapping struct {
	t     *table
	tags  map[*field]tag
	model *field   // the ID of an embedded Model
	ids   []*field // fields called ID
	own   int      // columns that do not come from Model

	flatDepth int // of structs whose fields are columns with a prefix
	prefix    string
	keys      map[string]int // foreign keys with a name: indexes in facts.ForeignKeys
}

// compile maps a struct type. The errors name struct, field and tag.
func compile(typ reflect.Type, name Naming) (*table, error) {
	if typ.Kind() != reflect.Struct {
		return nil, fmt.Errorf("models: %s is no struct", typ)
	}
	if typ == modelType {
		return nil, errors.New("models: Model is for embedding, it has no table")
	}
	if typ.Name() == "" || strings.Contains(typ.Name(), "[") && typ.PkgPath() == "" {
		return nil, fmt.Errorf("models: %s has no name: declare it as a type", typ)
	}
	m := &mapping{
		t:    &table{typ: typ, size: typ.Size(), byName: map[string]*field{}, facts: &schema.Table{Model: typ.String()}},
		tags: map[*field]tag{},
	}
	proto := reflect.New(typ)
	m.t.proto = proto.Interface()
	m.t.facts.Name = name(structName(typ))
	if n, ok := m.t.proto.(interface{ TableName() string }); ok {
		m.t.facts.Name = n.TableName()
	}
	if m.t.facts.Name == "" {
		return nil, fmt.Errorf("models: %s: its table has an empty name (from TableName, or from the registry's Naming)", typ)
	}
	if err := m.walk(typ, 0, structName(typ), 0); err != nil {
		return nil, err
	}
	if err := m.key(); err != nil {
		return nil, err
	}
	if err := m.finish(); err != nil {
		return nil, err
	}
	return m.t, m.t.findHooks()
}

// structName is the name of a struct without the arguments of a generic one.
func structName(t reflect.Type) string {
	name, _, _ := strings.Cut(t.Name(), "[")
	return name
}

// walk visits the fields of a struct that lies at offset off of the model.
func (m *mapping) walk(typ reflect.Type, off uintptr, path string, depth int) error {
	for i := range typ.NumField() {
		f := typ.Field(i)
		at, where := off+f.Offset, path+"."+f.Name
		bad := func(err error) error {
			if text, ok := f.Tag.Lookup("db"); ok {
				return fmt.Errorf("models: %s (tag `db:%q`): %w", where, text, err)
			}
			return fmt.Errorf("models: %s: %w", where, err)
		}
		if is, err := m.relation(f, at, where); is || err != nil {
			if err != nil {
				return err
			}
			continue
		}
		tg, err := parseTag(f)
		switch {
		case err != nil:
			return bad(err)
		case tg.skip:
			continue
		case f.Type == modelType && f.Anonymous && m.flatDepth > 0:
			return bad(errors.New("a struct with a models.Model of its own can not be a part of another: take the Model out"))
		case f.Type == modelType && f.Anonymous:
			if m.t.hasOrigin {
				return bad(errors.New("models.Model is embedded twice"))
			}
			m.t.hasOrigin, m.t.origin = true, at+unsafe.Offsetof(Model{}.origin)
			id := &field{name: "id", path: where + ".ID", off: at, codec: intCodec[int64](reflect.TypeFor[int64](), schema.Int64)}
			if tg.name != "" {
				id.name = tg.name
			}
			m.model = id
			m.tags[id] = tg
			continue
		case f.Anonymous && f.Type.Kind() == reflect.Pointer && f.Type.Elem().Kind() == reflect.Struct:
			return bad(fmt.Errorf("an embedded pointer can not be a model's part: embed %s itself", f.Type.Elem()))
		}
		if tg.flat {
			if f.Type.Kind() != reflect.Struct || f.Type == timeType || !f.IsExported() && !f.Anonymous {
				return bad(fmt.Errorf("embed and prefix are for exported structs, this is %s", f.Type))
			}
			was := m.prefix
			m.prefix += tg.prefix
			m.flatDepth++
			err := m.walk(f.Type, at, where, depth+1)
			m.flatDepth--
			m.prefix = was
			if err != nil {
				return err
			}
			continue
		}
		_, tagged := f.Tag.Lookup("db")
		if f.Anonymous && f.Type.Kind() == reflect.Struct && !tagged {
			if _, err := codecFor(f.Type, false); err != nil {
				if err := m.walk(f.Type, at, where, depth+1); err != nil {
					return err
				}
				continue
			}
		}
		if !f.IsExported() {
			if tagged {
				return bad(errors.New("the field is not exported, so it has no column: export it, or drop the tag"))
			}
			continue
		}
		c, err := codecFor(f.Type, tg.json)
		if err != nil {
			return bad(err)
		}
		c = c.placed(where, tg.types.For("postgres"))
		if f.Type.Size() == 0 {
			return bad(fmt.Errorf("type %s has no size, so nothing to store", f.Type))
		}
		fd := &field{codec: c, name: tg.name, path: where, off: at}
		if fd.name == "" {
			fd.name = snake(f.Name)
		}
		if m.prefix != "" {
			fd.name = m.prefix + fd.name
			tg.named(m.prefix)
		}
		if f.Name == "ID" && m.flatDepth == 0 {
			m.ids = append(m.ids, fd)
		}
		m.tags[fd] = tg
		m.t.fields = append(m.t.fields, fd)
		m.own++
	}
	return nil
}

// key decides which columns are the key: those tagged pk, else a field called ID, else
// that of an embedded Model.
func (m *mapping) key() error {
	t := m.t
	for _, f := range t.fields {
		if m.tags[f].pk {
			t.key = append(t.key, f)
		}
	}
	switch {
	case len(t.key) > 0:
	case len(m.ids) > 1:
		return fmt.Errorf("models: %s and %s could both be the key: tag one `db:\",pk\"`", m.ids[0].path, m.ids[1].path)
	case len(m.ids) == 1:
		t.key = m.ids
	case m.model != nil:
		t.fields = slices.Insert(t.fields, 0, m.model)
		t.key = []*field{m.model}
		t.mixin = m.own == 0 && len(t.relations) == 0
	default:
		return fmt.Errorf("models: %s has no key, and no table is without: embed models.Model, add an ID field, or tag a field `db:\",pk\"`", t.typ)
	}
	for _, f := range t.key {
		switch {
		case f.nullable:
			return fmt.Errorf("models: %s is part of the key and can not be NULL: its type is %s", f.path, f.typ)
		case f.kind == schema.JSON, f.kind == schema.Float32, f.kind == schema.Float64:
			return fmt.Errorf("models: %s can not be part of a key: equality of %s is not certain", f.path, f.typ)
		case f.own, f.kind == schema.Array:
			return fmt.Errorf("models: %s can not be part of a key: %s", f.path, needsPlain(f.typ))
		case m.tags[f].def != nil:
			return fmt.Errorf("models: %s is part of the key and can not have a default", f.path)
		}
	}
	if k := t.key[0]; len(t.key) == 1 && k.kind.Integer() && m.tags[k].fk == "" {
		t.auto, t.auto64 = k, k.typ.Kind() == reflect.Int64
	}
	return nil
}

// finish fills in the facts.
func (m *mapping) finish() error {
	t := m.t
	for i, f := range t.fields {
		f.pos = i
		if other := t.byName[f.name]; other != nil {
			return fmt.Errorf("models: %s and %s have the same column %s", other.path, f.path, f.name)
		}
		t.byName[f.name] = f
		f.col = &schema.Column{Name: f.name, Nullable: f.nullable, Auto: f == t.auto, Field: f.path}
		types, err := ownTypes(f, m.tags[f].types)
		if err != nil {
			return err
		}
		t.own = t.own || f.own
		f.col.Type = schema.Type{Kind: f.kind, Elem: f.items, SQL: types}
		f.col.Server, f.col.Generated, f.col.Was = m.tags[f].server, m.tags[f].generated, m.tags[f].was
		if f.generated = f.col.Generated != nil; f.generated {
			t.generated++
		}
		t.facts.Columns = append(t.facts.Columns, f.col)
		if f.deep {
			t.deep = append(t.deep, f)
		}
		if err := m.options(f, m.tags[f]); err != nil {
			return fmt.Errorf("models: %s: %w", f.path, err)
		}
	}
	for _, f := range t.fields {
		if (f == t.auto || f.nullable && f.col.Default != nil || f.col.Server != nil) && len(t.optional) < 64 {
			t.optional = append(t.optional, f)
		}
	}
	for _, k := range t.key {
		t.facts.Key = append(t.facts.Key, k.name)
	}
	if err := m.actions(); err != nil {
		return err
	}
	if err := m.groups(); err != nil {
		return err
	}
	if len(t.relations) > 0 && !t.hasOrigin {
		t.hasOrigin, t.ownWord, t.origin = true, true, t.relations[0].off+unsafe.Offsetof(words{}.owner)
	}
	t.source = dialect.NewSource(t.facts, t.facts.Name)
	for d := range dialect.Dialect(dialect.Count) {
		sel := dialect.Select{Columns: []dialect.Node{dialect.All{Source: t.source}}, From: t.source, Where: t.whereKey(make([]driver.Value, len(t.key)))}
		for _, text := range []*string{&t.selects[d], &t.rereads[d]} {
			w := dialect.NewWriter(d)
			w.Select(&sel)
			*text = string(w.Text())
			w.Free()
			sel.Deleted = true
		}
	}
	return nil
}

// options takes the options of one column in.
func (m *mapping) options(f *field, tg tag) error {
	if tg.created || tg.updated {
		if f.typ != timeType {
			return fmt.Errorf("created and updated are for time.Time, this is %s", f.typ)
		}
		f.created, f.updated = tg.created, tg.updated
		m.t.stamps = append(m.t.stamps, f)
	}
	if err := m.marks(f, tg); err != nil {
		return err
	}
	if tg.def != nil {
		if err := setDefault(f, *tg.def); err != nil {
			return err
		}
	}
	if tg.fk != "" {
		f.refers = true
		if err := m.foreignKey(f, tg); err != nil {
			return err
		}
	}
	return m.checks(f, tg)
}

// setDefault gives a column a default, on the server and for New.
func setDefault(f *field, text string) error {
	c := f.codec
	if c.elem != nil {
		c = c.elem
	}
	lit := schema.Literal{Kind: f.kind, Text: text}
	v, err := parseLiteral(c, text)
	if err != nil {
		return fmt.Errorf("default=%s: %w", text, err)
	}
	if f.kind == schema.Bool {
		lit.Text = fmt.Sprint(v.Bool())
	}
	row := valueRow{v}
	fresh := reflect.New(f.typ).UnsafePointer()
	if err := f.decode(row, 0, fresh); err != nil {
		return fmt.Errorf("default=%s does not fit into %s", text, f.typ)
	}
	f.col.Default = &lit
	f.def = func(p unsafe.Pointer) {
		fresh := reflect.New(f.typ).UnsafePointer() // a pointer must not be shared
		if f.decode(row, 0, fresh) == nil {
			f.move(p, fresh)
		}
	}
	return nil
}

// whereKey is the condition for one row by its key.
func (t *table) whereKey(key []driver.Value) []dialect.Node {
	nodes := make([]dialect.Node, len(t.key))
	for i, f := range t.key {
		nodes[i] = dialect.Compare{L: dialect.Column{Source: t.source, Name: f.name}, Op: "=", R: dialect.Param{Value: key[i]}}
	}
	return nodes
}

// sortedNames lists the columns for messages.
func (t *table) sortedNames() string {
	return strings.Join(slices.Sorted(maps.Keys(t.byName)), ", ")
}
