/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What goes over the wire, for perf and trace-cmd: events/xen_drm_front/. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM xen_drm_front

#if !defined(XDF_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define XDF_TRACE_H

#include <linux/tracepoint.h>

#include "displif_wire.h"

#define xdf_show_op(op)							\
	__print_symbolic(op,						\
			 { DISPLIF_OP_DBUF_CREATE, "DBUF_CREATE" },	\
			 { DISPLIF_OP_DBUF_DESTROY, "DBUF_DESTROY" },	\
			 { DISPLIF_OP_FB_ATTACH, "FB_ATTACH" },		\
			 { DISPLIF_OP_FB_DETACH, "FB_DETACH" },		\
			 { DISPLIF_OP_SET_CONFIG, "SET_CONFIG" },	\
			 { DISPLIF_OP_PG_FLIP, "PG_FLIP" },		\
			 { DISPLIF_OP_GET_EDID, "GET_EDID" })

TRACE_EVENT(xdf_request,
	    TP_PROTO(const char *device, u32 connector, u16 id, u8 op),
	TP_ARGS(device, connector, id, op),
	TP_STRUCT__entry(__array(char, device, 16)
			 __field(u32, connector)
			 __field(u16, id)
			 __field(u8, op)),
	TP_fast_assign(strscpy(__entry->device, device, sizeof(__entry->device));
		       __entry->connector = connector;
		       __entry->id = id;
		       __entry->op = op;),
	TP_printk("%s connector=%u id=%u op=%s", __entry->device,
		  __entry->connector, __entry->id, xdf_show_op(__entry->op))
);

TRACE_EVENT(xdf_response,
	    TP_PROTO(const char *device, u32 connector, u16 id, u8 op, int status),
	TP_ARGS(device, connector, id, op, status),
	TP_STRUCT__entry(__array(char, device, 16)
			 __field(u32, connector)
			 __field(u16, id)
			 __field(u8, op)
			 __field(int, status)),
	TP_fast_assign(strscpy(__entry->device, device, sizeof(__entry->device));
		       __entry->connector = connector;
		       __entry->id = id;
		       __entry->op = op;
		       __entry->status = status;),
	TP_printk("%s connector=%u id=%u op=%s status=%d", __entry->device, __entry->connector,
		  __entry->id, xdf_show_op(__entry->op), __entry->status)
);

TRACE_EVENT(xdf_event,
	    TP_PROTO(const char *device, u32 connector, u8 type, u64 fb_cookie),
	TP_ARGS(device, connector, type, fb_cookie),
	TP_STRUCT__entry(__array(char, device, 16)
			 __field(u32, connector)
			 __field(u8, type)
			 __field(u64, fb_cookie)),
	TP_fast_assign(strscpy(__entry->device, device, sizeof(__entry->device));
		       __entry->connector = connector;
		       __entry->type = type;
		       __entry->fb_cookie = fb_cookie;),
	TP_printk("%s connector=%u type=%u fb=0x%llx", __entry->device,
		  __entry->connector, __entry->type, __entry->fb_cookie)
);

TRACE_EVENT(xdf_flip,
	    TP_PROTO(const char *device, u32 connector, u64 fb_cookie, u64 ns),
	TP_ARGS(device, connector, fb_cookie, ns),
	TP_STRUCT__entry(__array(char, device, 16)
			 __field(u32, connector)
			 __field(u64, fb_cookie)
			 __field(u64, ns)),
	TP_fast_assign(strscpy(__entry->device, device, sizeof(__entry->device));
		       __entry->connector = connector;
		       __entry->fb_cookie = fb_cookie;
		       __entry->ns = ns;),
	TP_printk("%s connector=%u fb=0x%llx latency_ns=%llu", __entry->device,
		  __entry->connector, __entry->fb_cookie, __entry->ns)
);

#endif /* XDF_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE xdf_trace
#include <trace/define_trace.h>
