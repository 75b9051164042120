package models

import (
	"errors"
	"reflect"
	"strings"
	"unsafe"

	"github.com/spillwaydb/spillway/internal/dialect"
	"github.com/spillwaydb/spillway/internal/driver"
)

// A Cond is a condition for Where, Having, Join and the logical functions. A mistake
// made while building it travels along and comes out of the verb.
type Cond struct {
	node dialect.Node
	err  error
	sub  []*table // that its subqueries read
}

// encode turns v into an argument.
func encode[V any](c *codec, v *V) (driver.Value, error) { return c.encode(unsafe.Pointer(v)) }

// A list are values of one type, behind one another.
type list struct {
	p    unsafe.Pointer
	n    int
	size uintptr
}

func listOf[V any](vs []V) list {
	var v V
	return list{unsafe.Pointer(unsafe.SliceData(vs)), len(vs), unsafe.Sizeof(v)}
}

// compare makes a condition from a column and a value. NULL is neither equal nor unequal
// to anything in SQL, so for it = and <> become IS NULL and IS NOT NULL.
func compare[V any](p *V, op string, v V) Cond {
	return compareColumn(unsafe.Pointer(p), reflect.TypeFor[V](), op, unsafe.Pointer(&v))
}

func compareColumn(p unsafe.Pointer, typ reflect.Type, op string, v unsafe.Pointer) Cond {
	col, err := columnAs(p, typ)
	if err != nil {
		return Cond{err: err}
	}
	return compareNode(col.node(), col.c, op, v)
}

func compareNode(n dialect.Node, c *codec, op string, v unsafe.Pointer) Cond {
	val, err := c.encode(v)
	switch {
	case err != nil:
		return Cond{err: err}
	case val.Kind() != driver.KindNull:
		return Cond{node: dialect.Compare{L: n, Op: op, R: dialect.Param{Value: val}}}
	case op == "=" || op == "<>":
		return Cond{node: dialect.Null{X: n, Not: op == "<>"}}
	default:
		return Cond{err: errors.New("models: NULL is neither smaller nor greater than anything: use IsNull")}
	}
}

// Eq is column = v. A nil pointer or an invalid sql.Null asks for IS NULL.
func Eq[V any](p *V, v V) Cond { return compare(p, "=", v) }

// Ne is column <> v; for a nil pointer IS NOT NULL. As always in SQL a NULL in the
// column is not unequal to a value: Or(Ne(p, v), IsNull(p)) includes it.
func Ne[V any](p *V, v V) Cond { return compare(p, "<>", v) }

// Lt is column < v.
func Lt[V any](p *V, v V) Cond { return compare(p, "<", v) }

// Le is column <= v.
func Le[V any](p *V, v V) Cond { return compare(p, "<=", v) }

// Gt is column > v.
func Gt[V any](p *V, v V) Cond { return compare(p, ">", v) }

// Ge is column >= v.
func Ge[V any](p *V, v V) Cond { return compare(p, ">=", v) }

// EqCol is column = column, for the condition of a join.
func EqCol[V any](p, q *V) Cond { return Col(p).EqExpr(Col(q)) }

// In is true for rows whose column is one of vs; for none if vs is empty. However many
// there are, they travel as one argument where the type allows it.
func In[V any](p *V, vs ...V) Cond {
	return in(unsafe.Pointer(p), reflect.TypeFor[V](), listOf(vs), false)
}

// NotIn is true for rows whose column is none of vs, and not NULL unless vs is empty.
func NotIn[V any](p *V, vs ...V) Cond {
	return in(unsafe.Pointer(p), reflect.TypeFor[V](), listOf(vs), true)
}

func in(p unsafe.Pointer, typ reflect.Type, vs list, not bool) Cond {
	col, err := columnAs(p, typ)
	if err != nil {
		return Cond{err: err}
	}
	return inNode(col.node(), col.c, vs, not)
}

func inNode(n dialect.Node, c *codec, vs list, not bool) Cond {
	vals := make([]driver.Value, vs.n)
	for i := range vals {
		val, err := c.encode(unsafe.Add(vs.p, uintptr(i)*vs.size))
		if err != nil {
			return Cond{err: err}
		}
		if val.Kind() == driver.KindNull {
			return Cond{err: errors.New("models: a NULL in the list of In or NotIn matches nothing: use Or with IsNull")}
		}
		vals[i] = val
	}
	return Cond{node: dialect.In{X: n, Values: vals, Not: not}}
}

// Between is lo <= column and column <= hi.
func Between[V any](p *V, lo, hi V) Cond {
	return between(unsafe.Pointer(p), reflect.TypeFor[V](), unsafe.Pointer(&lo), unsafe.Pointer(&hi))
}

func between(p unsafe.Pointer, typ reflect.Type, lo, hi unsafe.Pointer) Cond {
	col, err := columnAs(p, typ)
	if err != nil {
		return Cond{err: err}
	}
	l, err1 := col.c.encode(lo)
	h, err2 := col.c.encode(hi)
	if err := errors.Join(err1, err2); err != nil {
		return Cond{err: err}
	}
	return Cond{node: dialect.Between{X: col.node(), Lo: dialect.Param{Value: l}, Hi: dialect.Param{Value: h}}}
}

// IsNull is true for rows whose column is NULL.
func IsNull[V any](p *V) Cond { return null(unsafe.Pointer(p), reflect.TypeFor[V](), false) }

// NotNull is true for rows whose column is not NULL.
func NotNull[V any](p *V) Cond { return null(unsafe.Pointer(p), reflect.TypeFor[V](), true) }

func null(p unsafe.Pointer, typ reflect.Type, not bool) Cond {
	col, err := columnAs(p, typ)
	if err != nil {
		return Cond{err: err}
	}
	return Cond{node: dialect.Null{X: col.node(), Not: not}}
}

// Like compares a text with a pattern: % stands for any text, _ for one character, \
// takes the meaning from the next character. Upper and lower case differ, on SQLite too.
func Like[S ~string](p *S, pattern string) Cond {
	return like(unsafe.Pointer(p), reflect.TypeFor[S](), pattern, false)
}

// ILike is [Like] with upper and lower case alike. SQLite folds the letters A to Z only.
func ILike[S ~string](p *S, pattern string) Cond {
	return like(unsafe.Pointer(p), reflect.TypeFor[S](), pattern, true)
}

// Contains is true for rows whose column contains text, taken literally.
func Contains[S ~string](p *S, text string) Cond {
	return like(unsafe.Pointer(p), reflect.TypeFor[S](), "%"+literally(text)+"%", false)
}

// HasPrefix is true for rows whose column begins with text, taken literally.
func HasPrefix[S ~string](p *S, text string) Cond {
	return like(unsafe.Pointer(p), reflect.TypeFor[S](), literally(text)+"%", false)
}

// HasSuffix is true for rows whose column ends with text, taken literally.
func HasSuffix[S ~string](p *S, text string) Cond {
	return like(unsafe.Pointer(p), reflect.TypeFor[S](), "%"+literally(text), false)
}

func like(p unsafe.Pointer, typ reflect.Type, pattern string, fold bool) Cond {
	col, err := columnAs(p, typ)
	if err != nil {
		return Cond{err: err}
	}
	return Cond{node: dialect.Like{X: col.node(), Pattern: pattern, Fold: fold}}
}

var likeEscapes = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// literally takes the meaning from the special characters of a pattern.
func literally(text string) string { return likeEscapes.Replace(text) }

// And is true where all conditions are; without conditions it is true.
func And(conds ...Cond) Cond { return logic("AND", conds) }

// Or is true where one of the conditions is; without conditions it is false.
func Or(conds ...Cond) Cond { return logic("OR", conds) }

func logic(op string, conds []Cond) Cond {
	nodes, err := nodesOf(conds)
	return Cond{node: dialect.Logic{Op: op, Kids: nodes}, err: err, sub: subOf(conds)}
}

// Not is true where c is false. Where c is NULL, as in a comparison with a NULL, so is
// Not.
func Not(c Cond) Cond { return Cond{node: dialect.Negation{X: c.node}, err: c.err, sub: c.sub} }

// nodesOf unwraps conditions.
func nodesOf(conds []Cond) ([]dialect.Node, error) {
	nodes := make([]dialect.Node, len(conds))
	for i, c := range conds {
		if c.err != nil {
			return nil, c.err
		}
		if c.node == nil {
			return nil, errors.New("models: a zero Cond is no condition")
		}
		nodes[i] = c.node
	}
	return nodes, nil
}

// subOf lists the tables that the subqueries of conditions read.
func subOf(conds []Cond) (out []*table) {
	for _, c := range conds {
		out = append(out, c.sub...)
	}
	return out
}

// Value is the condition as an expression, which is NULL where the condition is.
func (c Cond) Value() Expr[bool] {
	if c.err == nil && c.node == nil {
		c.err = errors.New("models: a zero Cond is no condition")
	}
	return Expr[bool]{x: term{node: dialect.Parens{X: c.node}, c: boolExprCodec, err: c.err, sub: c.sub}}
}
