// Package sqlquery writes the SQL of lists, for every backend from the same query, and reads the rows of what every backend
// asks for.
//
// What differs between databases is the [Dialect]; the meaning of filters, orders and pagination (protocol
// 3.5 to 3.8) is here, and the reference that both must agree with is [domain.Query.Match].
// Start with [List].
package sqlquery

import (
	"strconv"
	"strings"

	"github.com/kintolog/kintolog/domain"
)

// Dialect is how a database says things about the attributes of an object, which is the row "o" of the
// table objects. A condition may be NULL where it is not true.
type Dialect interface {
	// Texts is a subquery whose rows are the texts.
	Texts(a *Args, texts []string) string
	// OneOf is the condition that the column equals a row of the subquery, looked up in an index of the column.
	OneOf(column, subquery string) string
	// Compare is the condition that the attribute is =, <, <=, > or >= the JSON value, nil for
	// missing, in the order of protocol 3.6.
	Compare(a *Args, f domain.Field, op string, value []byte) string
	// In is the condition that the attribute equals one of the JSON values, of which there is at least one.
	In(a *Args, f domain.Field, values [][]byte) string
	// Has is the condition that the attribute is there.
	Has(a *Args, f domain.Field) string
	// Text is the text of the attribute, NULL if it is missing.
	Text(a *Args, f domain.Field) string
	// Like is the condition that the text matches the pattern of a filter like_.
	Like(a *Args, text, pattern string) string
	// Contains is the condition that the attribute holds all, or with anyOf one, of the JSON values.
	Contains(a *Args, f domain.Field, values [][]byte, anyOf bool) string
	// Order is the expressions that sort by the attribute, missing ones last.
	Order(a *Args, f domain.Field) []string
	// Of is the condition that the row, an alias of objects or aces, is of the plural endpoint.
	Of(row, plural string) string
	// Scope is the condition that the row, an alias of objects or aces, is of the plural endpoint that scope, an alias
	// of scopes, is.
	Scope(row, scope string) string
	// Among is the FROM clause for the objects of a plural endpoint whose ids are the rows of the subquery,
	// at a cost that does not grow with the endpoint.
	Among(plural, ids string) string
}

// Args are the values bound to the placeholders of a statement.
type Args []any

// Bind adds a value and returns its placeholder.
func (a *Args) Bind(value any) string {
	*a = append(*a, value)
	return "$" + strconv.Itoa(len(*a))
}

// Rows are the rows of a statement, of whatever driver. Who asked for them closes them.
type Rows interface {
	Next() bool
	Scan(values ...any) error
	Err() error
}

// List is the statement for the page: id, last_modified, created, deleted, data of each object, or its data alone; and one row
// more, if there are more.
func List(d Dialect, q domain.Query) (string, Args) {
	b := newBuilder(d, q)
	b.where(b.candidates())
	b.where(b.filters()...)
	if q.After != nil {
		b.where(b.after(b.order(), q.After))
	}
	columns := "o.id, o.last_modified, o.created, o.deleted, o.data"
	if q.DataOnly {
		columns = "o.data"
	}
	return "SELECT " + columns + "\n" + b.source() +
		"\nORDER BY " + strings.Join(b.orderBy(), ", ") +
		"\nLIMIT " + strconv.Itoa(q.Limit+1), b.args
}

// Count is the statement for the total: one row with one number.
func Count(d Dialect, q domain.Query) (string, Args) {
	b := newBuilder(d, q)
	b.where("NOT o.deleted")
	b.where(b.filters()...)
	return "SELECT count(*)\n" + b.source(), b.args
}

// Counted tells whether the total needs [Count]; otherwise it is what the scope counts.
func Counted(q domain.Query) bool {
	return len(q.Filters) > 0 || q.Shared != nil || len(q.Except) > 0
}

type builder struct {
	d          Dialect
	q          domain.Query
	args       Args
	plural     string // placeholder
	from       string
	conditions []string
}

func newBuilder(d Dialect, q domain.Query) *builder {
	b := &builder{d: d, q: q, from: "objects o"}
	b.plural = b.args.Bind(string(q.Plural))
	if q.Shared != nil {
		b.from = d.Among(b.plural, b.shared(*q.Shared))
	}
	b.where(d.Of("o", b.plural))
	if len(q.Except) > 0 {
		b.where("o.id NOT IN (" + d.Texts(&b.args, q.Except) + ")")
	}
	return b
}

func (b *builder) where(conditions ...string) {
	for _, c := range conditions {
		if c != always {
			b.conditions = append(b.conditions, c)
		}
	}
}

func (b *builder) source() string {
	return "FROM " + b.from + "\nWHERE " + strings.Join(b.conditions, "\n  AND ")
}

// candidates leaves tombstones out unless they are wanted; nobody is given a share of one.
func (b *builder) candidates() string {
	if b.q.Tombstones && b.q.Shared == nil {
		return always
	}
	return "NOT o.deleted"
}

func (b *builder) shared(s domain.Shared) string {
	principals := b.d.Texts(&b.args, s.Principals)
	members := b.d.Texts(&b.args, s.Members)
	permissions := b.d.Texts(&b.args, s.Permissions)
	return "SELECT DISTINCT a.id FROM aces a WHERE " + b.d.Of("a", b.plural) +
		" AND " + b.d.OneOf("a.permission", permissions) +
		" AND " + b.d.OneOf("a.principal", principals+" UNION ALL SELECT m.uri FROM members m WHERE "+b.d.OneOf("m.principal", members))
}
