package config

// Public returns a line for each setting that was given, with its value and where that comes from:
// "paginate_by = 10 (KINTO_PAGINATE_BY)". Secrets, and credentials in addresses, do not show.
func (s *Settings) Public() []string {
	var lines []string
	for _, g := range s.given {
		lines = append(lines, g.name+" = "+g.value+" ("+g.source+")")
	}
	return lines
}
