package sqlquery

import "github.com/kintolog/kintolog/domain"

// ScanPage reads the objects that the statement of [List] yields, and no more rows than the page has.
func ScanPage(rows Rows, q domain.Query, page *domain.Page) error {
	bytes := 0
	for rows.Next() {
		if page.More = q.Bytes > 0 && bytes >= q.Bytes; page.More {
			return nil
		}
		var o domain.Object
		var id string
		if err := rows.Scan(&id, &o.LastModified, &o.Created, &o.Deleted, &o.Data); err != nil {
			return err
		}
		o.URI = q.Plural.Object(id)
		bytes += len(o.Data)
		page.Objects = append(page.Objects, o)
	}
	return rows.Err()
}
