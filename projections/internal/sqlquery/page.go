package sqlquery

import "github.com/kintolog/kintolog/domain"

// ScanPage reads the objects that the statement of [List] yields, and no more rows than the page has.
func ScanPage(rows Rows, q domain.Query, page *domain.Page) error {
	var o domain.Object
	var id string
	columns := []any{&id, &o.LastModified, &o.Created, &o.Deleted, &o.Data}
	if q.DataOnly {
		columns = columns[4:]
	}
	bytes := 0
	for rows.Next() {
		if page.More = q.Full(len(page.Objects), bytes); page.More {
			return nil
		}
		o.Data = nil // which the page keeps
		if err := rows.Scan(columns...); err != nil {
			return err
		}
		if !q.DataOnly {
			o.URI = q.Plural.Object(id)
		}
		bytes += len(o.Data)
		page.Objects = append(page.Objects, o)
	}
	return rows.Err()
}
