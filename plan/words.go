package plan

import "fmt"

// count is a number with its noun, as in "1 host" and "3 hosts".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
