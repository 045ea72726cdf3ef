package program

import (
	"github.com/kintolog/kintolog/config"
	"github.com/kintolog/kintolog/domain/rest"
	"github.com/kintolog/kintolog/idempotency"
	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/web"
)

// requestLimits are those of all requests.
func requestLimits(l config.Limits) web.Limits {
	return web.Limits{
		URL: l.MaxURLBytes, Headers: l.MaxHeaders, HeaderBytes: l.MaxHeaderBytes, Body: int64(l.MaxBodyBytes),
		BodyTime: l.BodyTimeout, AnswerTime: l.SendTimeout,
	}
}

// queryLimits are those of query strings.
func queryLimits(l config.Limits) rest.QueryLimits {
	return rest.QueryLimits{
		Length: l.MaxQueryBytes, Parameters: l.MaxQueryFilters, Values: l.MaxQueryValues,
		Sort: l.MaxSortFields, Fields: l.MaxFields, Depth: l.MaxFieldDepth,
	}
}

// limits are those of what else comes in.
func limits(l config.Limits) server.Limits {
	return server.Limits{
		Body: rest.BodyLimits{
			Depth: l.MaxJSONDepth, Members: l.MaxJSONKeys, Operations: l.MaxPatchOperations,
			Principals: l.MaxPrincipals, PrincipalLength: l.MaxPrincipalBytes,
		},
		Keys: idempotency.Limits{Key: l.MaxIdempotencyKeyBytes, Answer: l.MaxRepeatableBytes},
		ID:   l.MaxIDBytes, BatchRequests: batchLimit(l.BatchMaxRequests), BatchBytes: l.MaxBatchBytes, Waiting: l.MaxWaitingWrites,
	}
}

func batchLimit(n int) int {
	if n == 0 {
		return -1
	}
	return n
}
