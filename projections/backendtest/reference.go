package backendtest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kintolog/kintolog/domain"
)

// reference is the page by the rules of package domain.
func (f *fixture) reference(q domain.Query) domain.Page {
	var page domain.Page
	for _, o := range f.objects {
		if o.URI.Plural() != q.Plural || !q.Match(o) {
			continue
		}
		if q.Total && !o.Deleted {
			page.Total++
		}
		if q.Beyond(o) {
			page.Objects = append(page.Objects, o)
		}
	}
	slices.SortFunc(page.Objects, q.Compare)
	page.Objects, page.More = q.Cut(page.Objects)
	for i, o := range page.Objects {
		if q.DataOnly {
			page.Objects[i] = domain.Object{Data: o.Data}
		}
	}
	return page
}

func (f *fixture) matchesReference(q domain.Query) domain.Page {
	f.t.Helper()
	got, want := f.list(q), f.reference(q)
	if text(got) != text(want) {
		f.t.Errorf("List %s\n got %s\nwant %s", describe(q), text(got), text(want))
	}
	return got
}

// pagesMatchReference follows the pagination to its end.
func (f *fixture) pagesMatchReference(q domain.Query) {
	f.t.Helper()
	for {
		page := f.matchesReference(q)
		if f.t.Failed() || !page.More {
			return
		}
		q = q.Following(page)
	}
}

// text is a page so that equal pages have equal texts, byte for byte.
func text(page domain.Page) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d, more %t:", page.Total, page.More)
	for _, o := range page.Objects {
		fmt.Fprintf(&b, "\n  %s %d %d %t %s", o.URI, o.LastModified, o.Created, o.Deleted, o.Data)
	}
	return b.String()
}

func describe(q domain.Query) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s limit=%d bytes=%d data=%t tombstones=%t except=%q", q.Plural, q.Limit, q.Bytes, q.DataOnly, q.Tombstones, q.Except)
	for _, f := range q.Filters {
		fmt.Fprintf(&b, " %s_%s=%s", f.Op, f.Field, f.Values)
	}
	for _, s := range q.Order() {
		fmt.Fprintf(&b, " %s(descending=%t)", s.Field, s.Descending)
	}
	if q.After != nil {
		fmt.Fprintf(&b, " after=%s", q.After)
	}
	return b.String()
}
